using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Xml;

namespace CloudLab.Server.S3.Listing;

/// <summary>Writes owners into lists; each is looked up once a list.</summary>
internal sealed class OwnerNames(IS3Credentials credentials, S3Owner known)
{
    private readonly Dictionary<string, S3Owner> _found = new(StringComparer.Ordinal) { [known.Id] = known };

    public async ValueTask WriteAsync(S3XmlWriter writer, string element, string id, CancellationToken cancellationToken)
    {
        if (id.Length == 0) id = known.Id;
        if (!_found.TryGetValue(id, out S3Owner? owner))
        {
            owner = await credentials.FindOwnerAsync(id, cancellationToken) ?? new S3Owner(id, id);
            _found[id] = owner;
        }

        writer.Open(element).Add("ID", owner.Id).Add("DisplayName", owner.DisplayName).Close();
    }
}

using System.Text;
using CloudLab.Server.Security;

namespace CloudLab.Server.Events;

/// <summary>What a route does, as events call it.</summary>
/// <param name="Name">E.g. <c>instances.stop</c>.</param>
/// <param name="ResourceType">E.g. <c>instance</c>.</param>
internal sealed record EventAction(string Name, string ResourceType)
{
    /// <summary>
    /// The noun of the permission and the verb of the route's name: <c>instances:write</c> and <c>StopInstance</c> make
    /// <c>instances.stop</c>; <c>images:write</c> and <c>UploadImageKernel</c> make <c>images.upload-kernel</c>.
    /// </summary>
    public static EventAction Of(Permission permission, string routeName)
    {
        string noun = permission.Name[..permission.Name.IndexOf(':', StringComparison.Ordinal)];
        string[] nouns = noun.Split('-');
        string last = nouns[^1];
        string singular = last.EndsWith('s') ? last[..^1] : last;
        HashSet<string> dropped = [.. nouns, singular];
        List<string> words = [.. Words(routeName)];
        List<string> verb = [.. words.Where(word => !dropped.Contains(word))];
        string resource = string.Join('-', [.. nouns[..^1], singular]);
        return new EventAction($"{noun}.{string.Join('-', verb.Count > 0 ? verb : words)}", resource);
    }

    private static IEnumerable<string> Words(string name)
    {
        var word = new StringBuilder();
        foreach (char c in name)
        {
            if (char.IsAsciiLetterUpper(c) && word.Length > 0)
            {
                yield return word.ToString();
                word.Clear();
            }

            word.Append(char.ToLowerInvariant(c));
        }

        if (word.Length > 0) yield return word.ToString();
    }
}

using System.Text;
using CloudLab.ControlPlane.Identity;
using CloudLab.Storage.Files;

namespace CloudLab.Server.Hosting;

/// <summary>The administrator's token, in a file that only its owner can read.</summary>
/// <param name="Secret">The token.</param>
/// <param name="File">Where it is.</param>
/// <param name="IsNew">Whether it was made just now, so that the console shows it this once.</param>
internal sealed record AdminToken(string Secret, string File, bool IsNew)
{
    /// <summary>Reads the operator's file, or <c>admin.token</c>, which is made when it is missing.</summary>
    /// <exception cref="StartupException">The file cannot be read or written, or does not hold a token.</exception>
    public static AdminToken LoadOrCreate(ServerOptions options, DataDirectory directory)
    {
        string file = options.AdminTokenFile ?? directory.AdminTokenFile;
        try
        {
            if (!System.IO.File.Exists(file)) return Create(file);
            string secret = System.IO.File.ReadAllText(file).Trim();
            if (!IsWellFormed(secret))
            {
                throw new StartupException($"{file} does not hold a token of {TokenService.MinSecretLength} to {TokenService.MaxSecretLength} "
                    + "printable characters without spaces. Make one with: openssl rand -hex 32");
            }

            return new AdminToken(secret, file, IsNew: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The administrator's token file cannot be used: {e.Message}", e);
        }
    }

    private static AdminToken Create(string file)
    {
        string secret = TokenService.GenerateSecret();
        // Complete or not there: a token cut off by a crash would lock its owner out.
        if (!SecretFile.TryCreate(file, Encoding.ASCII.GetBytes(secret + "\n"))) throw new IOException($"somebody else made {file} just now");
        return new AdminToken(secret, file, IsNew: true);
    }

    private static bool IsWellFormed(string secret) =>
        secret.Length is >= TokenService.MinSecretLength and <= TokenService.MaxSecretLength
        && !secret.AsSpan().ContainsAnyExceptInRange('!', '~');
}

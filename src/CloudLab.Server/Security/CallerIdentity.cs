using System.Security.Claims;
using CloudLab.ControlPlane.Identity;

namespace CloudLab.Server.Security;

/// <summary>The control plane's <see cref="Caller"/> as ASP.NET Core carries it through a request.</summary>
internal sealed class CallerIdentity(Caller caller) : ClaimsIdentity(BearerTokenHandler.SchemeName)
{
    public Caller Caller => caller;
}

internal static class CallerPrincipal
{
    extension(ClaimsPrincipal user)
    {
        /// <summary>Who calls. Only for routes that demand a permission.</summary>
        public Caller Caller() => ((CallerIdentity)user.Identity!).Caller;
    }
}

using System.Reflection;

namespace CloudLab.Server.Console;

/// <summary>A page with a terminal for one instance: <c>/console/{id}</c>. It asks for a token and keeps it in the page's memory.</summary>
internal static class ConsolePage
{
    private const string Prefix = "CloudLab.Server.Console.Web.";

    public static void MapConsolePage(this IEndpointRouteBuilder routes)
    {
        Map(routes, "/console/{id}", "ConsolePage", "console.html", "text/html; charset=utf-8");
        Map(routes, "/console/assets/console.js", "ConsoleScript", "console.js", "text/javascript; charset=utf-8");
        Map(routes, "/console/assets/terminal.js", "TerminalScript", "terminal.js", "text/javascript; charset=utf-8");
        Map(routes, "/console/assets/console.css", "ConsoleStyle", "console.css", "text/css; charset=utf-8");
    }

    private static void Map(IEndpointRouteBuilder routes, string path, string name, string file, string contentType)
    {
        byte[] content = Read(file);
        routes.MapGet(path, () => TypedResults.Bytes(content, contentType)).WithName(name).ExcludeFromDescription().AllowAnonymous();
    }

    private static byte[] Read(string file)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + file)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}

using CloudLab.Server.S3.Routing;
using CloudLab.Server.S3.Xml;

namespace CloudLab.Server.S3.Http;

/// <summary>Answers that are documents.</summary>
internal static class S3Response
{
    private const string XmlType = "application/xml";

    public static Task<S3Error?> WriteAsync(S3Request request, S3XmlWriter document) => WriteAsync(request, document.ToArray(), XmlType);

    public static Task<S3Error?> WriteXmlAsync(S3Request request, byte[] document) => WriteAsync(request, document, XmlType);

    public static async Task<S3Error?> WriteAsync(S3Request request, byte[] document, string type)
    {
        HttpResponse response = request.Response;
        response.ContentType = type;
        response.ContentLength = document.Length;
        if (!request.IsHead) await response.Body.WriteAsync(document, request.Aborted);
        return null;
    }

    /// <summary>Answers 204.</summary>
    public static S3Error? NoContent(S3Request request)
    {
        request.Response.StatusCode = StatusCodes.Status204NoContent;
        return null;
    }

    /// <summary>Answers 200 without a body.</summary>
    public static S3Error? Empty(S3Request request)
    {
        request.Response.ContentLength = 0;
        return null;
    }

    /// <summary>Answers with an error. Headers that are set stay.</summary>
    public static async Task WriteErrorAsync(HttpContext http, string requestId, string resource, S3Error error)
    {
        HttpResponse response = http.Response;
        response.StatusCode = error.Status;
        response.ContentLength = null;
        if (error.Status == StatusCodes.Status503ServiceUnavailable) response.Headers.RetryAfter = "1";
        if (HttpMethods.IsHead(http.Request.Method) || error.Status == StatusCodes.Status304NotModified) return;
        using var writer = new S3XmlWriter("Error", hasNamespace: false);
        writer.Add("Code", error.Code.ToString()).Add("Message", error.Message);
        foreach ((string name, string value) in error.Details) writer.Add(name, value);
        byte[] document = writer.Add("Resource", resource).Add("RequestId", requestId).Add("HostId", "cloudlab").ToArray();
        response.ContentType = XmlType;
        response.ContentLength = document.Length;
        await response.Body.WriteAsync(document, http.RequestAborted);
    }
}

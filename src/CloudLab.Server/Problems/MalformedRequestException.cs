namespace CloudLab.Server.Problems;

/// <summary>Part of a request could not be read where nothing but an exception can say so: in the binding of a parameter.</summary>
/// <param name="detail">A sentence that the caller may read.</param>
internal sealed class MalformedRequestException(string detail) : BadHttpRequestException(detail);

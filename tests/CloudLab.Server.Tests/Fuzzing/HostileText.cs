namespace CloudLab.Server.Tests.Fuzzing;

/// <summary>Texts that have broken servers.</summary>
internal static class HostileText
{
    /// <summary>For a place where any JSON value stands.</summary>
    public static readonly string[] JsonValues =
    [
        "null", "true", "0", "-1", "1", "100", "101", "1.5", "1e400", "-0", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808",
        "123456789012345678901234567890", "NaN", "01", "\"\"", "\" \"", "\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud800\"", "\"\\udc00x\"", "\"\\ud83d\\ude00\"",
        "\"\\u202e\"", "\"\\ufeff\"", "\"\\r\\nX-Injected: 1\"", "\"../../etc/passwd\"", "\"%00\"", "\"'; DROP TABLE instances; --\"", "\"*\"", "\"?\"",
        "\"%\"", "\"_\"", "\"\\\\\"", "\"<script>alert(1)</script>\"", "\"${jndi:ldap://x}\"", "\"{0}\"", "\"0001-01-01T00:00:00Z\"",
        "\"9999-12-31T23:59:59.9999999+14:00\"", "\"2026-02-30T00:00:00Z\"", "\"0001-01-01T00:00:00+14:00\"", "\"P1D\"", "\"1.00:00:00\"", "\"admin\"",
        "\"https://169.254.169.254/\"", "\"https://user:pw@127.0.0.1/\"", "\"file:///etc/passwd\"", "\"https://\\u0000/\"", "\"https://[::1]/\"", "\"https://webhook.invalid/\\ud800\"",
        "[]", "{}", "[null]", "[\"\"]", "[\"\\u0000\"]", "{\"\":\"\"}", "{\"\\u0000\":\"\\u0000\"}", "{\"k\":\"\\ud800\"}", "{\"a\":1,\"a\":2}",
        Deep('[', ']', 15), Deep('[', ']', 17), Deep('[', ']', 5000), Repeat(256), Repeat(1025), Repeat(70_000), Repeat(300_000), Many(101), Many(5000),
        "'x'", "\"unended", "\"\\x\"", "\"\t\"", "//", "",
    ];

    /// <summary>For a value in a query string, or a path's segment: encoded as they are to be sent.</summary>
    public static readonly string[] UrlValues =
    [
        "", "%00", "a%00b", "%2f", "..", "%2e%2e", "%2e%2e%2f", "../../etc/passwd", "%", "%zz", "%25", "%C0%AF", "%ED%A0%80", "%ff", "%F0%9F%98%80", "*", "?", "-1",
        "0", "1", "1000", "1001", "2147483648", "1e9", "null", "undefined", "%20", "+", "a+b", ";", "'", "%22", "%3Cscript%3E", "%0d%0aX-Injected:%201", "admin",
        "i-0123456789abcdef0", "000000000000", "999999999999", "%EF%BC%91", "AAAA", "eyJhIjoxfQ", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59.9999999-14:00", "2026-02-30",
        "2026-01-01T00:00:00%2B99:99", "tag:a", "running", "RUNNING", "1,2", new('x', 300), new('9', 2000), new('%', 100),
    ];

    public static readonly string[] ContentTypes =
    [
        "text/plain", "application/xml", "application/json; charset=utf-16", "application/json; charset=utf-7", "application/json; charset=nonsense", "application/json; charset=",
        "application/problem+json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json, text/plain", "application", "/", "",
    ];

    /// <summary>Header lines that mean something somewhere.</summary>
    public static readonly (string Name, string Value)[] Headers =
    [
        ("If-Match", "*"), ("If-Match", "\"0\""), ("If-Match", "\""), ("If-Match", "W/\"x\", \"9999999999999999999\""), ("If-None-Match", "*"), ("Content-Encoding", "gzip"),
        ("Content-Encoding", "identity"), ("Content-MD5", "AAAA"), ("Content-Digest", "sha-256=:=:"), ("Content-Digest", "=,=,="), ("Content-Range", "bytes 0-1/2"),
        ("x-checksum-sha256", "zz"), ("Last-Event-ID", "-1"), ("Last-Event-ID", "99999999999999999999"), ("Origin", "null"), ("Origin", "https://evil.example"), ("Range", "bytes=0-"),
        ("Accept", "text/html;q=0.1"), ("Accept", ",;q="), ("Accept-Language", "\u00ff\u00fe"), ("Cookie", "a=b; ; =;"), ("Forwarded", "for=_x;host=evil.example"), ("X-Forwarded-Host", "evil.example"),
        ("X-HTTP-Method-Override", "DELETE"), ("traceparent", "00-00000000000000000000000000000000-0000000000000000-00"), ("traceparent", "zz"), ("baggage", "a=%00"), ("Upgrade", "websocket"),
        ("Upgrade", "h2c"), ("Expect", "100-continue"), ("Sec-WebSocket-Key", "x"), ("Authorization", "Basic YTpi"), ("Idempotency-Key", "\u0001"),
    ];

    /// <summary>Bytes that are no UTF-8: overlong, a surrogate, cut off, UTF-16, a byte order mark.</summary>
    public static readonly byte[][] Bytes =
    [
        [0xC0, 0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], [0xEF, 0xBB, 0xBF], [0xF5, 0x80, 0x80, 0x80], [0x00], [0x80],
    ];

    private static string Deep(char open, char close, int depth) => new string(open, depth) + new string(close, depth);

    private static string Repeat(int length) => '"' + new string('x', length) + '"';

    private static string Many(int count) => '[' + string.Join(',', Enumerable.Repeat("\"x\"", count)) + ']';
}

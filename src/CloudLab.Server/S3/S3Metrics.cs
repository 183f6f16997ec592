using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CloudLab.Server.S3;

/// <summary>Counts and times requests.</summary>
internal sealed class S3Metrics
{
    public const string MeterName = "CloudLab.S3";

    private readonly Histogram<double> _duration;
    private readonly Counter<long> _received;
    private readonly Counter<long> _sent;
    private readonly UpDownCounter<long> _active;

    public S3Metrics(IMeterFactory factory)
    {
        Meter meter = factory.Create(MeterName);
        _duration = meter.CreateHistogram<double>("cloudlab.s3.request.duration", "s", "How long requests took, by operation and error code");
        _received = meter.CreateCounter<long>("cloudlab.s3.request.body.size", "By", "Bytes of request bodies, as declared");
        _sent = meter.CreateCounter<long>("cloudlab.s3.response.body.size", "By", "Bytes of answers, as declared");
        _active = meter.CreateUpDownCounter<long>("cloudlab.s3.active_requests", "{request}", "Requests that are being answered");
    }

    public void Begin() => _active.Add(1);

    /// <summary>Notes an answered request.</summary>
    /// <param name="operation">The operation, or <c>none</c> when the request names none.</param>
    /// <param name="error">The error's code, or null.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <param name="received">Bytes of its body.</param>
    /// <param name="sent">Bytes of the answer's.</param>
    public void End(string operation, string? error, TimeSpan elapsed, long received, long sent)
    {
        _active.Add(-1);
        var tags = new TagList { { "cloudlab.s3.operation", operation } };
        if (received > 0) _received.Add(received, tags);
        if (sent > 0) _sent.Add(sent, tags);
        if (error is not null) tags.Add("error.type", error);
        _duration.Record(elapsed.TotalSeconds, tags);
    }
}

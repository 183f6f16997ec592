using System.Globalization;
using System.Security.Cryptography;
using CloudLab.ControlPlane.Persistence;
using CloudLab.Server.S3.Access;
using CloudLab.Server.S3.Auth;
using CloudLab.Server.S3.Http;
using CloudLab.Server.S3.Objects;
using CloudLab.Server.S3.Routing;
using CloudLab.Server.Security;
using Microsoft.AspNetCore.Http.Features;

namespace CloudLab.Server.S3;

/// <summary>
/// The one entry of the S3 service.
/// <code>
/// request line → S3Target → S3Router (operation) → S3Authenticator (who) → bucket → S3Authorizer (may they) → handler → ObjectStore
/// </code>
/// Nothing of a body is read before the handler asks for it, so that a client that waits for <c>100 Continue</c> learns
/// first whether its upload is welcome. Every failure ends as one <see cref="S3Error"/>, written here.
/// </summary>
internal sealed partial class S3Application(
    S3Handlers handlers,
    S3Authenticator authenticator,
    S3Authorizer authorizer,
    BucketAccessReader buckets,
    IS3Credentials credentials,
    S3Options options,
    S3Metrics metrics,
    FailedAttempts failures,
    TimeProvider time,
    ILogger<S3Application> logger)
{
    private const int MaxKeyBytes = 1024;

    public async Task HandleAsync(HttpContext http)
    {
        long started = time.GetTimestamp();
        string id = RandomNumberGenerator.GetHexString(16);
        http.Response.Headers["x-amz-request-id"] = id;
        http.Response.Headers["x-amz-id-2"] = id;
        // Nobody reads a body of no bytes, so that Kestrel answers without 100 Continue first: botocore takes the connection's
        // next answer for this one then.
        if (http.Request.Headers.Expect.Count > 0 && http.Request.ContentLength is 0) http.Response.Headers.Connection = "close";
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            var body = new PromptBody(http.Request.Body, options.MaxBodyStall, time);
            http.Response.RegisterForDispose(body);
            http.Request.Body = body;
        }

        metrics.Begin();
        var trace = new Trace();
        S3Error? error = null;
        try
        {
            error = await AnswerAsync(http, id, trace);
            // The client may now send its body or keep it: only a new connection tells a body from the next request. And nobody
            // waits any longer for one that was waited for in vain.
            if (error is not null && !http.Response.HasStarted
                && (http.Request.Headers.Expect.Count > 0 || error.Code == S3ErrorCode.RequestTimeout))
                http.Response.Headers.Connection = "close";
            if (error is not null && !http.Response.HasStarted)
                await S3Response.WriteErrorAsync(http, id, http.Request.Path.Value ?? "/", error);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            trace.IsGone = true;
        }
        finally
        {
            TimeSpan elapsed = time.GetElapsedTime(started);
            metrics.End(
                trace.Operation, error?.Code.ToString(), elapsed, http.Request.ContentLength ?? 0, http.Response.ContentLength ?? 0);
            Log.Answered(
                logger, id, http.Request.Method, trace.Operation, trace.Target?.Bucket, trace.Target?.Key, trace.Caller,
                trace.IsGone ? 499 : http.Response.StatusCode, error?.Code.ToString(), elapsed.TotalMilliseconds);
        }
    }

    private async Task<S3Error?> AnswerAsync(HttpContext http, string id, Trace trace)
    {
        try
        {
            return await DispatchAsync(http, id, trace);
        }
        catch (Exception e) when (e is S3BodyException or BadHttpRequestException)
        {
            return S3Body.Explain(e);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException && http.RequestAborted.IsCancellationRequested)
        {
            trace.IsGone = true;
            return null;
        }
        catch (InvalidDataException e)
        {
            // Damage behind the first bytes: all that is left is to cut the answer short, so that no client takes it for whole.
            Log.Damaged(logger, id, e);
            if (http.Response.HasStarted) http.Abort();
            return new S3Error(S3ErrorCode.InternalError, "The stored data is damaged and cannot be served");
        }
        catch (Exception e) when (DatabaseFaults.IsAway(e))
        {
            // Keys and accounts are in the database; objects are not, but nobody can be let at them.
            Log.DatabaseAway(logger, id, e);
            return new S3Error(S3ErrorCode.ServiceUnavailable, "The service is unavailable for a moment. Please try again.");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.Failed(logger, id, e);
            if (http.Response.HasStarted) http.Abort();
            return new S3Error(S3ErrorCode.InternalError, "We encountered an internal error. Please try again.");
        }
    }

    private async Task<S3Error?> DispatchAsync(HttpContext http, string id, Trace trace)
    {
        string rawTarget = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        S3Result<S3Target> parsed = S3Target.Parse(rawTarget, http.Request.Host.Value ?? "", options.Domains);
        if (!parsed.IsOk) return parsed.Error;
        S3Target target = trace.Target = parsed.Value;
        if (HttpMethods.IsOptions(http.Request.Method)) return handlers.Cors.Preflight(http, target);
        handlers.Cors.AddHeaders(http, target);
        if (target.Key is not null && System.Text.Encoding.UTF8.GetByteCount(target.Key) is > MaxKeyBytes and var size)
        {
            return new S3Error(S3ErrorCode.KeyTooLongError, "Your key is too long")
            {
                Details = [("Size", size.ToString(CultureInfo.InvariantCulture)), ("MaxSizeAllowed", MaxKeyBytes.ToString(CultureInfo.InvariantCulture))],
            };
        }

        S3Result<S3Identity> identity = await authenticator.AuthenticateAsync(http, target);
        if (!identity.IsOk)
        {
            // Imported secrets may be ones that can be guessed.
            if (identity.Error.Code is S3ErrorCode.InvalidAccessKeyId or S3ErrorCode.SignatureDoesNotMatch)
                await failures.SlowDownAsync(http.Connection.RemoteIpAddress, http.RequestAborted);
            return identity.Error;
        }

        var request = new S3Request(http, target, id) { Identity = identity.Value };
        trace.Caller = request.Principal?.AccessKeyId;
        S3Result<S3Operation> operation = S3Router.Find(http.Request.Method, target, request.Header(CopySource.Header) is not null);
        if (!operation.IsOk) return operation.Error;
        request.Operation = operation.Value;
        trace.Operation = operation.Value.ToString();
        return await AdmitAsync(request) ?? await handlers.HandleAsync(request);
    }

    /// <summary>Finds the bucket, and decides on access where the bucket alone decides.</summary>
    private async ValueTask<S3Error?> AdmitAsync(S3Request request)
    {
        if (request.Operation is S3Operation.ListBuckets or S3Operation.CreateBucket) return null;
        S3Result<BucketAccess> bucket = buckets.Read(request.BucketName);
        if (!bucket.IsOk) return bucket.Error;
        request.Bucket = bucket.Value;
        if (request.Header("x-amz-expected-bucket-owner") is { } expected
            && (await credentials.FindOwnerAsync(bucket.Value.Owner.Id, request.Aborted))?.AccountId != expected)
            return S3Error.AccessDenied;
        if (request.Target.Key is not null && !IsUpload(request.Operation)) return null;
        // DeleteObjects decides for each key.
        if (request.Operation == S3Operation.DeleteObjects) return null;
        S3Permission permission = S3Permission.Of(request.Operation);
        return authorizer.Check(request, bucket.Value, new AccessQuestion(permission.Action, request.Target.Key, permission.Acl));
    }

    // What completes or drops an upload needs no more than the right to write there.
    private static bool IsUpload(S3Operation operation) => operation is S3Operation.CompleteMultipartUpload or S3Operation.AbortMultipartUpload;

    /// <summary>What is known of a request, for the log.</summary>
    private sealed class Trace
    {
        public string Operation { get; set; } = "none";

        public S3Target? Target { get; set; }

        public string? Caller { get; set; }

        public bool IsGone { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "{Id} {Method} {Operation} {Bucket} {Key} by {Caller}: {Status} {Error} in {Milliseconds} ms")]
        public static partial void Answered(
            ILogger logger, string id, string method, string operation, string? bucket, string? key, string? caller, int status, string? error, double milliseconds);

        [LoggerMessage(2, LogLevel.Error, "S3 request {Id} failed")]
        public static partial void Failed(ILogger logger, string id, Exception exception);

        [LoggerMessage(4, LogLevel.Warning, "S3 request {Id}: the database does not answer")]
        public static partial void DatabaseAway(ILogger logger, string id, Exception exception);

        [LoggerMessage(3, LogLevel.Error, "S3 request {Id} met damaged data")]
        public static partial void Damaged(ILogger logger, string id, Exception exception);
    }
}

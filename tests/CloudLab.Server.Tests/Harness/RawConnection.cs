using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CloudLab.Server.Tests.Harness;

/// <summary>One TCP connection to a server, for requests that no proper client would send.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly TcpClient _tcp = new();
    private byte[] _buffer = new byte[16 << 10];
    private int _start;
    private int _end;

    /// <summary>Whether the last answer said that the server closes now, or it has.</summary>
    public bool IsClosed { get; private set; }

    /// <param name="url">The server.</param>
    /// <param name="from">The local address, which the server sees; null for the system's choice.</param>
    public static async Task<RawConnection> OpenAsync(Uri url, IPAddress? from = null)
    {
        var connection = new RawConnection();
        connection._tcp.NoDelay = true;
        if (from is not null) connection._tcp.Client.Bind(new IPEndPoint(from, 0));
        await connection._tcp.ConnectAsync(url.Host, url.Port, TestContext.Current.CancellationToken);
        return connection;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <returns>False when the server has closed already.</returns>
    public async Task<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _tcp.Client.SendAsync(bytes, TestContext.Current.CancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Tells the server that nothing more comes.</summary>
    public void EndSending()
    {
        try
        {
            _tcp.Client.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            IsClosed = true;
        }
    }

    /// <summary>Reads one answer, past interim ones (100 Continue); null when the server closes without one.</summary>
    /// <param name="toHead">Whether the request was HEAD, whose answer has no body.</param>
    /// <param name="headersOnly">Whether to leave the body unread; the connection is of no use afterwards.</param>
    public async Task<RawResponse?> ReadAsync(bool toHead = false, bool headersOnly = false)
    {
        RawResponse? response;
        do response = await HeadAsync();
        while (response is { Status: >= 100 and < 200 and not 101 });
        if (response is null) return null;

        IsClosed |= headersOnly || string.Equals(response.Header("Connection"), "close", StringComparison.OrdinalIgnoreCase);
        bool hasBody = !toHead && !headersOnly && response.Status is not (101 or 204 or 304);
        return hasBody ? response with { Body = await BodyAsync(response) } : response;
    }

    /// <summary>Reads until the server closes; what it sent is not kept.</summary>
    public async Task ReadToCloseAsync()
    {
        do _start = _end;
        while (await FillAsync());
    }

    /// <summary>Reads what is there next, at least a byte; empty at the end.</summary>
    public async Task<byte[]> ReadSomeAsync()
    {
        if (_start == _end && !await FillAsync()) return [];
        byte[] some = _buffer[_start.._end];
        _start = _end;
        return some;
    }

    public void Dispose() => _tcp.Dispose();

    private async Task<RawResponse?> HeadAsync()
    {
        if (await LineAsync() is not { } status) return null;
        var response = new RawResponse { Status = int.Parse(status.Split(' ')[1], CultureInfo.InvariantCulture) };
        while (await LineAsync() is { Length: > 0 } line)
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            response.Headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        return response;
    }

    private async Task<byte[]> BodyAsync(RawResponse response)
    {
        if (response.Header("Content-Length") is { } length) return await BytesAsync(int.Parse(length, CultureInfo.InvariantCulture));
        using var body = new MemoryStream();
        if (response.Header("Transfer-Encoding") is not "chunked")
        {
            while (await ReadSomeAsync() is { Length: > 0 } some) body.Write(some);
            return body.ToArray();
        }

        while (await LineAsync() is { } size)
        {
            int count = int.Parse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Write(await BytesAsync(count));
            await LineAsync();
            if (count == 0) break;
        }

        return body.ToArray();
    }

    private async Task<byte[]> BytesAsync(int count)
    {
        byte[] bytes = new byte[count];
        for (int done = 0; done < count;)
        {
            if (_start == _end && !await FillAsync()) return bytes[..done];
            int some = Math.Min(count - done, _end - _start);
            _buffer.AsSpan(_start, some).CopyTo(bytes.AsSpan(done));
            _start += some;
            done += some;
        }

        return bytes;
    }

    private async Task<string?> LineAsync()
    {
        int end;
        while ((end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8)) < 0)
            if (!await FillAsync())
                return null;
        string line = Encoding.Latin1.GetString(_buffer, _start, end);
        _start += end + 2;
        return line;
    }

    private async Task<bool> FillAsync()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        int read = 0;
        try
        {
            read = await _tcp.Client.ReceiveAsync(_buffer.AsMemory(_end), TestContext.Current.CancellationToken);
        }
        catch (SocketException)
        {
            // Reset: closed as well.
        }

        _end += read;
        IsClosed |= read == 0;
        return read > 0;
    }
}

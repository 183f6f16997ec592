using System.Buffers.Binary;
using System.Net;
using System.Text.Json.Nodes;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Attacks;

/// <summary>WebSocket frames that break RFC 6455, sent to a console. The stream is closed; the guest and its next client notice nothing.</summary>
public sealed class ConsoleAttackTests(SqliteServerFixture fixture) : IClassFixture<SqliteServerFixture>
{
    private const byte Masked = 0x80;

    private readonly TestServer _server = fixture.Server;

    private string Token => _server.Runner.Token.Secret;

    public static TheoryData<string, byte[]> BadFrames => new()
    {
        { "not masked", [0x82, 0x05, .. "hello"u8] },
        { "reserved bits", [0xF2, Masked | 1, 0, 0, 0, 0, (byte)'x'] },
        { "a reserved opcode", [0x83, Masked | 1, 0, 0, 0, 0, (byte)'x'] },
        { "a continuation of nothing", [0x80, Masked | 1, 0, 0, 0, 0, (byte)'x'] },
        { "a ping in fragments", [0x09, Masked, 0, 0, 0, 0] },
        { "a ping that is too long", [0x89, Masked | 126, 0x01, 0x00, 0, 0, 0, 0] },
        { "a negative length", [0x82, Masked | 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0] },
        { "text that is no UTF-8", [0x81, Masked | 2, 0, 0, 0, 0, 0xC0, 0x80] },
        { "a close of one byte", [0x88, Masked | 1, 0, 0, 0, 0, 0x03] },
        { "no frame at all", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray() },
    };

    [Theory]
    [MemberData(nameof(BadFrames))]
    public async Task A_frame_that_is_none_ends_the_stream(string what, byte[] frame)
    {
        string id = await _server.Admin.RunInstanceAsync();
        using (RawConnection connection = await OpenAsync(id))
        {
            await connection.SendAsync(frame);
            await connection.ReadToCloseAsync();
            Assert.True(connection.IsClosed, what);
        }

        await TypeAsync(id);
        await _server.Admin.TerminateAsync(id);
    }

    [Fact]
    public async Task A_message_of_any_length_is_passed_on_piece_by_piece()
    {
        string id = await _server.Admin.RunInstanceAsync();
        using RawConnection connection = await OpenAsync(id);
        byte[] start = [0x82, Masked | 127, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt64BigEndian(start.AsSpan(2), 1L << 40);
        await connection.SendAsync(start);
        // More than what the server reads at once.
        await connection.SendAsync(new string('e', 5000));

        // The guest has what came of it, though the message has hardly begun.
        await _server.Admin.WaitForConsoleAsync(id, new string('e', 1000));
        await _server.Admin.TerminateAsync(id);
    }

    [Fact]
    public async Task A_ticket_opens_one_stream_once()
    {
        string id = await _server.Admin.RunInstanceAsync();
        string other = await _server.Admin.RunInstanceAsync();
        string first = await TicketAsync(id);
        using (ConsoleClient client = await ConsoleClient.ConnectAsync(ConsoleClient.UrlOf(_server, id, "ticket=" + first), token: null))
            await client.ExpectAsync("OK");
        Assert.Equal(401, await ConsoleClient.RefusalAsync(ConsoleClient.UrlOf(_server, id, "ticket=" + first), token: null));

        string second = await TicketAsync(id);
        Assert.Equal(401, await ConsoleClient.RefusalAsync(ConsoleClient.UrlOf(_server, other, "ticket=" + second), token: null));
        Assert.Equal(401, await ConsoleClient.RefusalAsync(ConsoleClient.UrlOf(_server, id, "ticket=" + second), token: null));
        await _server.Admin.TerminateAsync(id);
        await _server.Admin.TerminateAsync(other);
    }

    private async Task<string> TicketAsync(string id)
    {
        JsonObject ticket = await _server.Admin.PostAsync($"/v1/instances/{id}/console/ticket", null, HttpStatusCode.OK);
        return (string)ticket["ticket"]!;
    }

    private async Task<RawConnection> OpenAsync(string id)
    {
        RawConnection connection = await RawConnection.OpenAsync(_server.Url);
        await connection.SendAsync(
            $"GET /v1/instances/{id}/console/stream HTTP/1.1\r\nHost: {_server.Url.Authority}\r\nAuthorization: Bearer {Token}\r\n"
            + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        Assert.Equal(101, (await connection.ReadAsync())?.Status);
        return connection;
    }

    private async Task TypeAsync(string id)
    {
        using ConsoleClient client = await ConsoleClient.ConnectAsync(ConsoleClient.UrlOf(_server, id), Token);
        await client.TypeAsync("hello");
        await client.ExpectAsync("hello");
        await client.CloseAsync();
    }
}

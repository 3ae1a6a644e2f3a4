using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.System.Tests;

/// <summary>A name server on a host of the lab, over UDP. It knows the names that the test gives it, says of all others that they do not exist, and remembers who was asked for.</summary>
internal sealed class NameAuthority : IDisposable
{
    private readonly Socket _socket;

    public NameAuthority(NetworkNamespace host, string address)
    {
        _socket = host.Enter(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 53));
            return socket;
        });
        _ = ServeAsync();
    }

    /// <summary>IPv4 addresses by names in lower case. May change at any time.</summary>
    public ConcurrentDictionary<string, string> Addresses { get; } = new();

    /// <summary>Every name that was asked for, in lower case.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    public void Dispose() => _socket.Dispose();

    private async Task ServeAsync()
    {
        var buffer = new byte[4096];
        var response = new byte[512];
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                int length = Answer(buffer.AsSpan(0, received.ReceivedBytes), response);
                await _socket.SendToAsync(response.AsMemory(0, length), received.RemoteEndPoint);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return;
        }
    }

    private int Answer(ReadOnlySpan<byte> query, Span<byte> response)
    {
        Span<char> text = stackalloc char[255];
        if (!DnsView.TryParse(query, out var view) || !view.TryGetQuestion(out var question) || !question.Name.TryWriteText(text, out int length))
            return DnsWriter.WriteError(response, query, DnsResponseCode.FormatError);
        string name = new(text[..length]);
        Asked.Enqueue(name);
        bool isKnown = Addresses.TryGetValue(name, out string? address);
        DnsWriter.TryAnswer(response, view, isKnown ? DnsResponseCode.NoError : DnsResponseCode.NoSuchName, out var writer);
        if (isKnown && question.Type == DnsType.A)
            writer.TryAddAddress(IpAddress.Parse(address), 60);
        return writer.Length;
    }
}

using System.Globalization;

namespace Keyhole.Net;

/// <summary>The sentence about socket buffers that came out smaller than asked.</summary>
internal static class BufferWarning
{
    /// <returns>null when both are as long as asked.</returns>
    internal static string? For(int asked, int receive, int send)
    {
        if (receive >= asked && send >= asked)
            return null;
        return string.Create(CultureInfo.InvariantCulture,
            $"the system capped the UDP buffers at {receive / 1024} KiB to receive and {send / 1024} KiB to send, {asked / 1024} KiB were asked: bursts may be lost; raise net.core.rmem_max and net.core.wmem_max");
    }
}

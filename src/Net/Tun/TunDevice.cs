using System.Runtime.InteropServices;
using System.Text;

namespace Keyhole.Net;

/// <summary>
/// A TUN device of Linux: whole IP packets, one per call, without blocking. With offload each packet has a
/// <see cref="VnetHeader"/> in front and may be up to 64 KiB long, which is worth a factor of seven.
/// </summary>
public sealed unsafe class TunDevice : IPollable, IDisposable
{
    /// <summary>A buffer of this length takes every packet with its header.</summary>
    public const int BufferLength = 65535 + VnetHeader.Size;

    private const int NameLength = 16;
    private const int RequestLength = 40;
    private const short IFF_TUN = 0x1;
    private const short IFF_NO_PI = 0x1000;
    private const short IFF_VNET_HDR = 0x4000;

    private const TunOffload Tcp = TunOffload.Checksum | TunOffload.Tso4 | TunOffload.Tso6 | TunOffload.TsoEcn;

    // Best first: USO came with Linux 6.2.
    private static readonly TunOffload[] Steps = [Tcp | TunOffload.Uso4 | TunOffload.Uso6, Tcp, TunOffload.Checksum];

    private int _descriptor;

    private TunDevice(int descriptor, string name, bool hasHeader, TunOffload offload)
    {
        _descriptor = descriptor;
        Name = name;
        HasHeader = hasHeader;
        Offload = offload;
    }

    ~TunDevice() => Close();

    public nint Handle => _descriptor;

    /// <summary>The name of the interface.</summary>
    public string Name { get; }

    /// <summary>Each packet, read or written, begins with a <see cref="VnetHeader"/>.</summary>
    public bool HasHeader { get; }

    /// <summary>What the system granted.</summary>
    public TunOffload Offload { get; }

    /// <summary>Creates the interface, or attaches to a persistent one, in the network namespace of the calling thread.</summary>
    /// <param name="name">At most 15 bytes; "%d" in it is replaced by a number.</param>
    /// <param name="offload">Ask for the header and every offload; what the system lacks is left out step by step.</param>
    /// <exception cref="NetworkException">No /dev/net/tun, no permission (CAP_NET_ADMIN), or the name is taken.</exception>
    public static TunDevice Open(string name, bool offload = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (Encoding.ASCII.GetByteCount(name) >= NameLength)
            throw new ArgumentException($"'{name}' is longer than the name of an interface may be (15).", nameof(name));
        int descriptor = Libc.open("/dev/net/tun", Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC);
        if (descriptor < 0)
            NetworkException.Throw(SocketFault.Last(), "/dev/net/tun");
        byte* request = stackalloc byte[RequestLength];
        new Span<byte>(request, RequestLength).Clear();
        Encoding.ASCII.GetBytes(name, new Span<byte>(request, NameLength));
        *(short*)(request + NameLength) = (short)(IFF_TUN | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0));
        if (Libc.ioctl(descriptor, Libc.TUNSETIFF, request) != 0)
        {
            var fault = SocketFault.Last();
            _ = Libc.close(descriptor);
            throw new NetworkException($"TUN device {name}", fault);
        }

        string given = Marshal.PtrToStringUTF8((nint)request)!;
        return new TunDevice(descriptor, given, offload, offload ? SetOffload(descriptor) : TunOffload.None);
    }

    /// <summary>Reads one packet, with its header if it has one.</summary>
    /// <returns>Bytes; -1 with a fault, which is <see cref="SocketFaultKind.WouldBlock"/> when there is none.</returns>
    public int Read(Span<byte> buffer, out SocketFault fault)
    {
        nint length;
        fixed (byte* start = buffer)
            length = Libc.read(_descriptor, start, (nuint)buffer.Length);
        fault = length < 0 ? SocketFault.Last() : SocketFault.None;
        return (int)length;
    }

    /// <summary>Writes one packet, with its header if it has one; the system receives it on this thread.</summary>
    /// <returns>Bytes; -1 with a fault.</returns>
    public int Write(ReadOnlySpan<byte> packet, out SocketFault fault)
    {
        nint length;
        fixed (byte* start = packet)
            length = Libc.write(_descriptor, start, (nuint)packet.Length);
        fault = length < 0 ? SocketFault.Last() : SocketFault.None;
        return (int)length;
    }

    /// <summary>The interface goes with it, unless it is persistent.</summary>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    private static TunOffload SetOffload(int descriptor)
    {
        foreach (var step in Steps)
        {
            if (Libc.ioctl(descriptor, Libc.TUNSETOFFLOAD, (ulong)step) == 0)
                return step;
        }

        return TunOffload.None;
    }

    private void Close()
    {
        int descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
            _ = Libc.close(descriptor);
    }
}

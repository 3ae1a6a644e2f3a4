using System.Runtime.InteropServices;

namespace Keyhole.Net;

/// <summary>Requests to rtnetlink(7) and what the kernel answers, in the network namespace of the thread that made it. One thread at a time.</summary>
internal sealed unsafe class RouteSocket : IDisposable
{
    internal const ushort NLM_F_REQUEST = 0x1;
    internal const ushort NLM_F_ACK = 0x4;
    internal const ushort NLM_F_DUMP = 0x300;

    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const ushort NLM_F_DUMP_INTR = 0x10;
    private const int SOL_NETLINK = 270;
    private const int NETLINK_GET_STRICT_CHK = 12;

    /// <summary>What one answer of a dump has at most.</summary>
    private const int BufferLength = 1 << 15;

    private const int DumpAttempts = 5;

    private readonly byte[] _answer = new byte[BufferLength];
    private int _descriptor;
    private uint _sequence;

    /// <exception cref="NetworkException">There is none to be had.</exception>
    public RouteSocket()
    {
        _descriptor = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, Libc.NETLINK_ROUTE);
        if (_descriptor < 0)
            NetworkException.Throw(SocketFault.Last(), "the routing socket");
        // The kernel then leaves out what was not asked for, from Linux 5.0; before, whoever reads has to.
        _ = Libc.setsockopt(_descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
    }

    ~RouteSocket() => Close();

    /// <summary>One entry of a dump.</summary>
    /// <param name="content">The fixed part and the attributes.</param>
    public delegate void Entry(ReadOnlySpan<byte> content);

    /// <summary>Asks for a change: the kernel answers with 0, or the negated errno.</summary>
    /// <exception cref="NetworkException">It refused.</exception>
    public void Request(RouteMessage message, string what)
    {
        Send(message, what);
        bool isDone = false;
        while (!isDone)
            isDone = Receive(what, static _ => { }, out _);
    }

    /// <summary>Asks for a list, again where it changed meanwhile.</summary>
    /// <param name="begin">Called before the first entry, and before the first of another attempt.</param>
    /// <exception cref="NetworkException">The system does not tell.</exception>
    public void Dump(RouteMessage message, string what, Action begin, Entry entry)
    {
        bool isTorn = true;
        for (int attempt = 0; isTorn && attempt < DumpAttempts; attempt++)
        {
            begin();
            Send(message, what);
            isTorn = false;
            bool isDone = false;
            while (!isDone)
            {
                isDone = Receive(what, entry, out bool isInterrupted);
                isTorn |= isInterrupted;
            }
        }
    }

    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    private void Send(RouteMessage message, string what)
    {
        ObjectDisposedException.ThrowIf(_descriptor < 0, this);
        var request = message.Finish(++_sequence);
        fixed (byte* start = request)
        {
            if (Libc.send(_descriptor, start, (nuint)request.Length, 0) < 0)
                NetworkException.Throw(SocketFault.Last(), what);
        }
    }

    /// <summary>Takes one datagram of answers; true when the last one was in it.</summary>
    private bool Receive(string what, Entry entry, out bool isInterrupted)
    {
        isInterrupted = false;
        nint length;
        fixed (byte* start = _answer)
            length = Libc.recv(_descriptor, start, BufferLength, 0);
        var fault = length < 0 ? SocketFault.Last() : SocketFault.None;
        if (fault.IsWouldBlock)
            return false;
        if (length < RouteMessage.HeaderLength)
            NetworkException.Throw(fault, what);
        var left = _answer.AsSpan(0, (int)length);
        while (left.Length >= RouteMessage.HeaderLength)
        {
            int size = MemoryMarshal.Read<int>(left);
            if (size < RouteMessage.HeaderLength || size > left.Length)
                return false;
            var content = left[RouteMessage.HeaderLength..size];
            ushort type = MemoryMarshal.Read<ushort>(left[4..]), flags = MemoryMarshal.Read<ushort>(left[6..]);
            bool isOurs = MemoryMarshal.Read<uint>(left[8..]) == _sequence;
            left = left[Math.Min(left.Length, (size + 3) & ~3)..];
            if (!isOurs)
                continue;
            isInterrupted |= (flags & NLM_F_DUMP_INTR) != 0;
            if (type is not (NLMSG_ERROR or NLMSG_DONE))
            {
                entry(content);
                continue;
            }

            int error = content.Length >= sizeof(int) ? -MemoryMarshal.Read<int>(content) : 0;
            if (error != 0)
                NetworkException.Throw(SocketFault.FromErrno(error), what);
            return true;
        }

        return false;
    }

    private void Close()
    {
        int descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
            _ = Libc.close(descriptor);
    }
}

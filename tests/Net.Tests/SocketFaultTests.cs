using System.Net.Sockets;

namespace Keyhole.Net.Tests;

public class SocketFaultTests
{
    [Theory]
    [InlineData(0, SocketFaultKind.None)]
    [InlineData(11, SocketFaultKind.WouldBlock)]
    [InlineData(115, SocketFaultKind.WouldBlock)]
    [InlineData(111, SocketFaultKind.ConnectionRefused)]
    [InlineData(104, SocketFaultKind.ConnectionReset)]
    [InlineData(32, SocketFaultKind.ConnectionReset)]
    [InlineData(110, SocketFaultKind.TimedOut)]
    [InlineData(101, SocketFaultKind.NetworkUnreachable)]
    [InlineData(113, SocketFaultKind.HostUnreachable)]
    [InlineData(98, SocketFaultKind.AddressInUse)]
    [InlineData(13, SocketFaultKind.AccessDenied)]
    [InlineData(90, SocketFaultKind.MessageTooLong)]
    [InlineData(105, SocketFaultKind.NoBuffers)]
    [InlineData(24, SocketFaultKind.TooManyFiles)]
    [InlineData(97, SocketFaultKind.NotSupported)]
    [InlineData(17, SocketFaultKind.AlreadyThere)]
    [InlineData(5, SocketFaultKind.Other)]
    public void An_errno_keeps_its_number_and_gets_a_kind(int errno, SocketFaultKind kind)
    {
        Assert.Equal(new SocketFault(kind, errno), SocketFault.FromErrno(errno));
    }

    [Fact]
    public void Both_mappers_agree_on_what_the_system_says()
    {
        foreach (int errno in new[] { 11, 13, 32, 90, 97, 98, 99, 100, 101, 103, 104, 105, 107, 110, 111, 113, 24 })
        {
            // SocketException translates errno to SocketError on this system.
            var portable = SocketFault.From(new SocketException(errno));
            if (OperatingSystem.IsLinux() && portable.Kind != SocketFaultKind.Other)
                Assert.Equal(SocketFault.FromErrno(portable.Errno).Kind, portable.Kind);
        }
    }

    [Fact]
    public void The_text_names_the_errno() => Assert.Contains("111", SocketFault.FromErrno(111).ToString(), StringComparison.Ordinal);
}

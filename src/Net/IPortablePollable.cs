using System.Net.Sockets;

namespace Keyhole.Net;

/// <summary>A pollable that System.Net.Sockets can wait for.</summary>
internal interface IPortablePollable : IPollable
{
    Socket Socket { get; }
}

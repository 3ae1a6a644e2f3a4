namespace Keyhole.Net;

/// <summary>How the packet behind a <see cref="VnetHeader"/> is to be cut (VIRTIO_NET_HDR_GSO).</summary>
public enum VnetSegmentation : byte
{
    None = 0,
    Tcp4 = 1,
    Tcp6 = 4,
    /// <summary>UDP datagrams of equal size.</summary>
    UdpL4 = 5,
}

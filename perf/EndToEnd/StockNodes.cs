using Keyhole.Cryptography;
using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>wireguard-go on the phone and at the office: the baseline of the end-to-end comparisons, at WireGuard's usual MTU.</summary>
internal static class StockNodes
{
    internal const int Mtu = 1420;

    /// <summary>Two nodes that see each other straight; the office's routes on to the server.</summary>
    internal static (WireGuardGo Phone, WireGuardGo Office) Connect(FlowGround ground)
    {
        using PrivateKey phone = PrivateKey.Generate(RandomSource.System), office = PrivateKey.Generate(RandomSource.System);
        var far = ground.Topology.Own(WireGuardGo.Start(ground.Office, "khbo", $"""
            [Interface]
            PrivateKey = {Secret(office)}
            ListenPort = 51820
            Address = 10.66.0.2/32
            [Peer]
            PublicKey = {phone.PublicKey}
            AllowedIPs = 10.66.0.1/32
            """, Mtu));
        var near = ground.Topology.Own(WireGuardGo.Start(ground.Phone, "khbp", $"""
            [Interface]
            PrivateKey = {Secret(phone)}
            Address = 10.66.0.1/32
            [Peer]
            PublicKey = {office.PublicKey}
            Endpoint = {FlowGround.OfficeAddress}:51820
            AllowedIPs = {FlowGround.StockServer}/32
            """, Mtu));
        return (near, far);
    }

    /// <summary>A node on the phone whose one peer is the office's data path in this process.</summary>
    internal static WireGuardGo ForDirectSite(FlowGround ground, PrivateKey node, PrivateKey site) =>
        ground.Topology.Own(WireGuardGo.Start(ground.Phone, "khbd", $"""
            [Interface]
            PrivateKey = {Secret(node)}
            ListenPort = 51821
            Address = {DirectSite.ClientAddress}/32
            [Peer]
            PublicKey = {site.PublicKey}
            AllowedIPs = {DirectSite.ServerAddress}/32
            """, Mtu));

    /// <summary>What ran, for the rows: releases before 2023 have no offloads, and flatter whoever is compared with them.</summary>
    internal static string Version() => LabProcess.Run("wireguard-go", "--version").Split('\n')[0];

    internal static string Secret(PrivateKey key)
    {
        Span<byte> bytes = stackalloc byte[PrivateKey.Length];
        key.Export(bytes);
        return Convert.ToBase64String(bytes);
    }
}

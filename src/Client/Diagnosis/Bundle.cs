using System.IO.Compression;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using System.Text;
using Keyhole.Edge;

namespace Keyhole.Client;

/// <summary>
/// A zip archive for whoever helps: findings, status, log, and what the system says of its network. Every file is named here: what is in the data
/// directory, where keys and the secret lie, is never read.
/// </summary>
internal static class Bundle
{
    private static readonly string[] s_systemFiles = ["/etc/resolv.conf", "/etc/os-release", "/proc/net/route", "/proc/net/ipv6_route", "/proc/net/dev", "/proc/net/snmp"];

    /// <param name="parts">Names in the archive with their texts.</param>
    public static async Task WriteAsync(string path, IEnumerable<(string Name, string Text)> parts, CancellationToken stop)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var file = new FileStream(path, options);
        await using var archive = await ZipArchive.CreateAsync(file, ZipArchiveMode.Create, leaveOpen: false, entryNameEncoding: null, stop);
        foreach (var (name, text) in parts.Append(("system.txt", DescribeSystem())).Concat(s_systemFiles.Where(File.Exists).Select(name => (name.TrimStart('/'), Read(name)))))
        {
            await using var entry = await archive.CreateEntry(name, CompressionLevel.Optimal).OpenAsync(stop);
            await entry.WriteAsync(Encoding.UTF8.GetBytes(text), stop);
        }
    }

    private static string DescribeSystem()
    {
        var text = new StringBuilder();
        text.AppendLine($"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}");
        text.AppendLine(RuntimeInformation.FrameworkDescription);
        text.AppendLine($"{Environment.ProcessorCount} processors");
        foreach (string one in HostInterfaces.Read(all => all.Select(Describe).ToList()))
            text.AppendLine(one);
        return text.ToString();
    }

    private static string Describe(NetworkInterface one) =>
        $"{one.Name} {one.NetworkInterfaceType} {one.OperationalStatus}: {string.Join(", ", one.GetIPProperties().UnicastAddresses.Select(unicast => $"{unicast.Address}/{unicast.PrefixLength}"))}";

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }
}

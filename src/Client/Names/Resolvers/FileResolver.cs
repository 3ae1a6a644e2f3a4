using System.Net;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>A plain resolv.conf(5): this client's server comes first in it and asks the others, after those of clients that came later.</summary>
internal sealed class FileResolver(string path) : IResolver
{
    public const string Kind = "file";

    public const string DefaultPath = "/etc/resolv.conf";

    /// <summary>More is no configuration of a resolver.</summary>
    private const int MaximumLength = 64 * 1024;

    /// <summary>What stood there when this client's server was put or found in it; empty when it is not.</summary>
    private byte[] _seen = [];

    private byte[]? _original;

    public string Name => Kind;

    /// <summary>On loopback a dead server is refused at once, so that the next one is asked without a wait.</summary>
    public bool NeedsTunnelAddress => false;

    public IReadOnlyList<IPEndPoint> Servers(IPAddress own) => ResolvConf.Servers(Read(path) ?? [], own);

    /// <summary>While nobody else wrote, the record stays as it is: an empty file and none look the same behind this client's lines.</summary>
    public RestoreRecord Record(IPAddress server)
    {
        if (!IsInForce(server))
            _original = Read(path) is { } content ? ResolvConf.Without(content, server) : null;
        return new(Kind, "", server, path, _original);
    }

    /// <summary>Writes nothing where the server stands already, so that several clients do not answer each other's changes for ever.</summary>
    public Task ApplyAsync(IPAddress server, NameTable names)
    {
        byte[] present = Read(path) ?? [];
        byte[] wanted = ResolvConf.With(present, server);
        if (!present.AsSpan().SequenceEqual(wanted))
            Write(path, wanted);
        _seen = wanted;
        return Task.CompletedTask;
    }

    public bool IsInForce(IPAddress server) => _seen.Length > 0 && Read(path) is { } content && content.AsSpan().SequenceEqual(_seen);

    public void Undone() => _seen = [];

    /// <summary>Takes this client's lines out again; where nobody else wrote since, the file is what it was.</summary>
    /// <exception cref="ResolverException">The file cannot be read or written.</exception>
    public static void Undo(RestoreRecord record)
    {
        if (Read(record.Path) is not { } content)
            return;
        bool isUntouched = content.AsSpan().SequenceEqual(ResolvConf.With(record.Original ?? [], record.Server));
        byte[] before = isUntouched ? record.Original ?? [] : ResolvConf.Without(content, record.Server);
        if (isUntouched && record.Original is null)
            Delete(record.Path);
        else if (!content.AsSpan().SequenceEqual(before))
            Write(record.Path, before);
    }

    /// <returns>Null when there is no such file.</returns>
    private static byte[]? Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > MaximumLength)
                throw new ResolverException($"{path} is too long for a configuration of a resolver.");
            byte[] content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ResolverException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>In place: the file may be a link, or mounted over, and its owner and mode stay.</summary>
    private static void Write(string path, byte[] content)
    {
        try
        {
            using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            file.Write(content);
            file.SetLength(content.Length);
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ResolverException($"{path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>What <see cref="Write"/> created: behind a link that led nowhere, not the link.</summary>
    private static void Delete(string path)
    {
        try
        {
            File.Delete(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ResolverException($"{path} cannot be removed: {e.Message}", e);
        }
    }
}

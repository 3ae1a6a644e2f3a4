using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>Which resolver the machine has.</summary>
internal static class ResolverChoice
{
    public const string Auto = "auto";
    public const string Off = "off";

    private static readonly string[] All = [Auto, SystemdResolver.Kind, ResolvconfResolver.Kind, FileResolver.Kind, Off];

    /// <param name="wanted">As in <c>--dns</c>.</param>
    /// <param name="path">Of resolv.conf.</param>
    /// <returns>Null for none.</returns>
    /// <exception cref="AgentException">There is no such choice, or the machine has not got it.</exception>
    public static IResolver? Of(string wanted, string link, string path = FileResolver.DefaultPath)
    {
        string kind = wanted == Auto ? Detect(path) : wanted;
        return kind switch
        {
            Off => null,
            FileResolver.Kind => new FileResolver(path),
            SystemdResolver.Kind => new SystemdResolver(Present(SystemdResolver.Tool, kind, link)),
            ResolvconfResolver.Kind => new ResolvconfResolver(Present(ResolvconfResolver.Tool, kind, link), path),
            _ => throw new AgentException($"--dns '{wanted}' is not one of {string.Join(", ", All)}."),
        };
    }

    /// <summary>By whom programs ask when they read resolv.conf; a link to a file of systemd-resolved that names other servers leads past it.</summary>
    private static string Detect(string path)
    {
        if (OperatingSystem.IsWindows())
            return Off;
        string target = "";
        string text = "";
        try
        {
            target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? "";
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is not there, or leads nowhere: the file itself is what can be written.
        }

        if (ResolverTool.IsThere(SystemdResolver.Tool) && SystemdResolver.Listens.Any(server => text.Contains($"nameserver {server}", StringComparison.Ordinal)))
            return SystemdResolver.Kind;
        return ResolverTool.IsThere(ResolvconfResolver.Tool) && (target.Contains("resolvconf", StringComparison.Ordinal) || text.Contains("resolvconf", StringComparison.Ordinal))
            ? ResolvconfResolver.Kind
            : FileResolver.Kind;
    }

    private static string Present(string tool, string kind, string link) =>
        ResolverTool.IsThere(tool) ? link : throw new AgentException($"--dns {kind} needs the program {tool}, which is not on PATH.");
}

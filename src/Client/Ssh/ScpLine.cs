using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>A command line of scp: options, then files, of which <c>vm-01:/etc/hosts</c> lies on the host. There is one host on a line.</summary>
internal sealed class ScpLine
{
    /// <summary>The letters that have a value (scp(1)).</summary>
    private const string WithValue = "cDFiJloPSX";

    private ScpLine(SshOwnOptions own, List<SshFlag> flags, SshTarget? target, List<string> files)
    {
        Own = own;
        Flags = flags;
        Target = target;
        Files = files;
    }

    public SshOwnOptions Own { get; }

    public IReadOnlyList<SshFlag> Flags { get; }

    /// <summary>Null where only help is wanted.</summary>
    public SshTarget? Target { get; }

    /// <summary>In the order of the line, remote ones as they were written.</summary>
    public IReadOnlyList<string> Files { get; }

    public string? User { get; private init; }

    public int Port => SshLine.PortOf(Flags, 'P');

    /// <exception cref="AgentException">It cannot be read, or asks for what cannot be.</exception>
    public static ScpLine Parse(IReadOnlyList<string> words)
    {
        var own = new SshOwnOptions();
        var flags = new List<SshFlag>();
        int index = 0;
        for (; index < words.Count && words[index] is { Length: > 1 } word && word[0] == '-'; index++)
        {
            if (word == "--")
            {
                index++;
                break;
            }

            if (word.StartsWith("--", StringComparison.Ordinal))
                own.Take(words, ref index);
            else
                SshLine.TakeFlags(words, ref index, WithValue, flags);
        }

        List<string> files = [.. words.Skip(index)];
        if (own.IsHelpWanted)
            return new ScpLine(own, flags, null, files);
        SshLine.RefuseJump(flags);
        var targets = files.Select(HostPart).OfType<string>().Select(SshTarget.Parse).ToList();
        if (files.Count < 2 || targets.Count == 0)
            throw new AgentException("scp copies between here and a host: 'keyhole scp vm-01:/etc/hosts .' or 'keyhole scp notes.txt vm-01:'.");
        if (targets.Select(target => target.Host.ToLowerInvariant()).Distinct().Count() > 1 || targets.Select(target => target.User).OfType<string>().Distinct().Count() > 1)
            throw new AgentException("One line copies between here and one host: copy from the first host to here, then to the other.");
        return new ScpLine(own, flags, targets[0], files) { User = targets.Select(target => target.User).OfType<string>().FirstOrDefault() };
    }

    /// <summary>For scp, behind the options that say how to get there and who is there.</summary>
    /// <param name="agentSocket">The person's own agent, SSH_AUTH_SOCK; null for none.</param>
    public IReadOnlyList<string> Words(string? agentSocket) => [.. OpenSshOptions.Forwarded(Flags, agentSocket), "--", .. Files];

    /// <summary>What stands before the first colon, when no slash stands before that; null for a file of this machine, as scp itself tells them apart.</summary>
    private static string? HostPart(string file)
    {
        if (file.StartsWith("scp://", StringComparison.OrdinalIgnoreCase))
            throw new AgentException($"Write 'vm-01:/path' instead of {file}.");
        int end = file.AsSpan().IndexOfAny(':', '/');
        return end > 0 && file[end] == ':' ? file[..end] : null;
    }
}

using System.Globalization;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>A command line of ssh, read as ssh reads it: options before and behind the host, then the command; <c>--</c> ends options.</summary>
internal sealed class SshLine
{
    /// <summary>The letters that have a value (ssh(1)).</summary>
    private const string WithValue = "BbcDEeFIiJLlmOopPQRSWw";

    /// <summary>The letters that ask ssh itself and log in to nobody.</summary>
    private const string Questions = "VQ";

    private SshLine(SshOwnOptions own, List<SshFlag> flags, SshTarget? target, List<string> command)
    {
        Own = own;
        Flags = flags;
        Target = target;
        Command = command;
    }

    public SshOwnOptions Own { get; }

    public IReadOnlyList<SshFlag> Flags { get; }

    /// <summary>Null where the line names no host.</summary>
    public SshTarget? Target { get; }

    /// <summary>Empty for a shell.</summary>
    public IReadOnlyList<string> Command { get; }

    /// <summary><c>ssh -V</c> and the like, which are ssh's own.</summary>
    public bool IsQuestion => Flags.Any(flag => Questions.Contains(flag.Letter, StringComparison.Ordinal));

    /// <summary>The user that is asked for by <c>ada@</c> or <c>-l</c>; null for none.</summary>
    public string? User => Target?.User ?? Flags.FirstOrDefault(flag => flag.Letter == 'l').Value;

    public int Port => PortOf(Flags, 'p');

    /// <exception cref="AgentException">It cannot be read, or asks for what cannot be.</exception>
    public static SshLine Parse(IReadOnlyList<string> words)
    {
        var own = new SshOwnOptions();
        var flags = new List<SshFlag>();
        SshTarget? target = null;
        int index = 0;
        for (; index < words.Count; index++)
        {
            string word = words[index];
            bool endsOptions = word == "--";
            if (endsOptions)
                index++;
            else if (word.StartsWith("--", StringComparison.Ordinal))
            {
                own.Take(words, ref index);
                continue;
            }
            else if (word.Length > 1 && word[0] == '-')
            {
                TakeFlags(words, ref index, WithValue, flags);
                continue;
            }

            // Options may stand behind the host, too; what follows them is the command.
            if (target is not null || index == words.Count)
                break;
            target = SshTarget.Parse(words[index]);
        }

        RefuseJump(flags);
        return new SshLine(own, flags, target, [.. words.Skip(index)]);
    }

    /// <summary>The letters of one word, and the word behind it where the last letter has a value.</summary>
    /// <exception cref="AgentException">A value is missing.</exception>
    public static void TakeFlags(IReadOnlyList<string> words, ref int index, string withValue, List<SshFlag> flags)
    {
        string word = words[index];
        for (int at = 1; at < word.Length; at++)
        {
            char letter = word[at];
            if (!withValue.Contains(letter, StringComparison.Ordinal))
            {
                flags.Add(new SshFlag(letter, null));
                continue;
            }

            if (at + 1 < word.Length)
                flags.Add(new SshFlag(letter, word[(at + 1)..]));
            else if (index + 1 < words.Count)
                flags.Add(new SshFlag(letter, words[++index]));
            else
                throw new AgentException($"-{letter} needs a value.");
            return;
        }
    }

    /// <exception cref="AgentException">A host to go over is named.</exception>
    public static void RefuseJump(IEnumerable<SshFlag> flags)
    {
        if (flags.Any(flag => flag.Letter == 'J'))
            throw new AgentException("-J names a host to go over: the tunnel is the way here. Leave it out.");
    }

    /// <summary>22 where none is given.</summary>
    /// <exception cref="AgentException">It is none.</exception>
    public static int PortOf(IReadOnlyList<SshFlag> flags, char letter)
    {
        string? text = flags.FirstOrDefault(flag => flag.Letter == letter).Value;
        if (text is null)
            return 22;
        return ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0 ? port : throw new AgentException($"-{letter} '{text}' is no port.");
    }

    /// <summary>For ssh, behind the options that say how to get there and who is there.</summary>
    /// <param name="agentSocket">The person's own agent, SSH_AUTH_SOCK; null for none.</param>
    public IReadOnlyList<string> Words(string? agentSocket) =>
        [.. OpenSshOptions.Forwarded(Flags, agentSocket), Target!.Value.Host, .. Command.Count > 0 ? (string[])["--", .. Command] : []];
}

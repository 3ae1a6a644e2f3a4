using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>What <c>keyhole ssh</c> takes beyond what ssh takes: long options, of which ssh has none.</summary>
internal sealed class SshOwnOptions
{
    /// <summary>Null where it was not given.</summary>
    public string? Data { get; private set; }

    public bool IsPasswordWanted { get; private set; }

    public bool IsHelpWanted { get; private set; }

    /// <summary>The data directory that holds the login, as a full path.</summary>
    public string Directory => Path.GetFullPath(Data ?? Environment.GetEnvironmentVariable(UpSettings.Data.Variable) switch
    {
        { Length: > 0 } variable => variable,
        _ => UpSettings.Data.Default!,
    });

    /// <summary>Takes a long option, and the word behind it where that belongs to it.</summary>
    /// <param name="index">Of the option; moved on to the last word that was taken.</param>
    /// <exception cref="AgentException">There is no such option.</exception>
    public void Take(IReadOnlyList<string> words, ref int index)
    {
        string word = words[index];
        switch (word)
        {
            case "--help":
                IsHelpWanted = true;
                break;
            case "--generate-random-password":
                IsPasswordWanted = true;
                break;
            case "--data" when index + 1 < words.Count:
                Data = words[++index];
                break;
            case var _ when word.StartsWith("--data=", StringComparison.Ordinal):
                Data = word["--data=".Length..];
                break;
            default:
                throw new AgentException($"There is no option {word}, or its value is missing. Options of ssh have one letter; a command that begins like this stands behind '--'.");
        }
    }
}

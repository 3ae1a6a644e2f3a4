using System.Text;

namespace Keyhole.Agent;

/// <summary>The secret that proves the agent's ID to Control. It has no text form but the one header.</summary>
public sealed class AgentSecret
{
    private const int MaximumLength = 512;

    private readonly string _value;

    /// <param name="source">For the message: where it comes from.</param>
    /// <exception cref="AgentException">It is empty, too long, or holds what no secret of Control holds.</exception>
    public AgentSecret(string value, string source)
    {
        _value = value.Trim();
        if (_value.Length is 0 or > MaximumLength || !_value.All(char.IsAscii) || _value.Any(char.IsWhiteSpace) || _value.Any(char.IsControl))
            throw new AgentException($"The secret from {source} is empty or not a secret of Control.");
    }

    /// <summary>For the request header alone.</summary>
    internal string Expose() => _value;

    /// <summary>
    /// From --secret - (standard input) or --secret-file, else from KEYHOLE_SECRET or KEYHOLE_SECRET_FILE. Two flags or two
    /// variables at once are an error, since one of them would be ignored in silence.
    /// </summary>
    internal static AgentSecret From(SettingValues values, TextReader standardInput) =>
        Find(values, AgentSettings.Secret, AgentSettings.SecretFile, standardInput)
        ?? throw new AgentException("A secret is required: --secret-file FILE, --secret -, KEYHOLE_SECRET or KEYHOLE_SECRET_FILE.");

    /// <summary>A secret that may be given by two settings, itself or the name of its file; null when nobody gave one.</summary>
    internal static AgentSecret? Find(SettingValues values, Setting text, Setting fileName, TextReader standardInput)
    {
        if (values.FindEither(text, fileName) is not var (value, source, isFile))
            return null;
        if (isFile)
            return FromFile(value);
        if (source == SettingSource.Environment)
            return new AgentSecret(value, text.Variable);
        return value == "-"
            ? new AgentSecret(ReadBounded(standardInput), "standard input")
            : throw new AgentException($"{text.Flag} takes '-' only: whoever lists processes would read a secret on the command line. Use {fileName.Flag} FILE, {text.Flag} - or {text.Variable}.");
    }

    private static AgentSecret FromFile(string path)
    {
        try
        {
            using var reader = new StreamReader(path, Encoding.ASCII);
            return new AgentSecret(ReadBounded(reader), $"the file {path}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new AgentException($"The secret file {path} cannot be read: {e.Message}", e);
        }
    }

    private static string ReadBounded(TextReader reader)
    {
        char[] buffer = new char[MaximumLength * 2];
        int length = reader.ReadBlock(buffer, 0, buffer.Length);
        return new string(buffer, 0, length);
    }
}

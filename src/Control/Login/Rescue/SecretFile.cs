namespace Keyhole.Control;

/// <summary>Secrets that a command is given: from a file or standard input, never on the command line, where whoever lists processes reads them.</summary>
internal static class SecretFile
{
    /// <param name="path">"-" for standard input; null for nothing.</param>
    /// <returns>The first line; null where nothing was named.</returns>
    /// <exception cref="OperatorException">The file cannot be read, or holds nothing or too much.</exception>
    public static string? Read(Terminal terminal, string? path, int maximumLength)
    {
        if (path is null)
            return null;
        try
        {
            using var file = path == "-" ? null : new StreamReader(path);
            char[] buffer = new char[maximumLength + 1];
            int length = (file ?? terminal.Input).ReadBlock(buffer, 0, buffer.Length);
            string text = new string(buffer, 0, length).TrimEnd('\r', '\n');
            return length <= maximumLength && text.Length != 0 && !text.Contains('\n', StringComparison.Ordinal)
                ? text
                : throw new OperatorException($"{(path == "-" ? "standard input" : path)} holds no secret of one line");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new OperatorException($"{path} cannot be read: {error.Message}");
        }
    }
}

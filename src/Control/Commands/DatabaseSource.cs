namespace Keyhole.Control;

/// <summary>Where the connection string of the database comes from: it holds a password, so it never stands on the command line.</summary>
internal static class DatabaseSource
{
    public const string Variable = "KEYHOLE_DATABASE";

    /// <param name="file">The file that was named; it wins over the environment.</param>
    /// <returns>Null for SQLite.</returns>
    /// <exception cref="OperatorException">The file cannot be read or is empty.</exception>
    public static string? Read(string? file)
    {
        if (file is null)
            return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? text.Trim() : null;
        try
        {
            string text = File.ReadAllText(file).Trim();
            return text.Length != 0 ? text : throw new OperatorException($"--database-file {file} is empty: write the connection string of a PostgreSQL database into it");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"--database-file cannot be read: {error.Message}");
        }
    }
}

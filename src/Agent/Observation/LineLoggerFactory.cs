using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent;

/// <summary>
/// Writes each event as one line on standard error: time in UTC, level, category, message. Control characters are shown
/// escaped, so that a name can neither forge a line nor speak to a terminal.
/// </summary>
public sealed class LineLoggerFactory(TextWriter output, LogLevel minimum, TimeProvider time) : ILoggerFactory
{
    /// <summary>Lines that are remembered, and characters of each.</summary>
    private const int RememberedLines = 500;
    private const int RememberedLength = 1000;

    private readonly Lock _gate = new();
    private readonly Queue<string> _last = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    /// <summary>The last lines, the oldest first.</summary>
    public IReadOnlyList<string> LastLines()
    {
        lock (_gate)
            return [.. _last];
    }

    /// <summary>Not supported: lines go to one place.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string category, string message)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {Word(level)} {category}: {Escape(message)}");
        lock (_gate)
        {
            if (_last.Count == RememberedLines)
                _last.Dequeue();
            _last.Enqueue(line.Length <= RememberedLength ? line : line[..RememberedLength]);
            try
            {
                output.WriteLine(line);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // Whoever read the log is gone; the agent is not.
            }
        }
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };

    internal static string Escape(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\u001F') && !text.AsSpan().ContainsAnyInRange('\u007F', '\u009F'))
            return text;
        var escaped = new System.Text.StringBuilder(text.Length + 16);
        foreach (char c in text)
        {
            if (char.IsControl(c))
                escaped.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else
                escaped.Append(c);
        }

        return escaped.ToString();
    }

    private sealed class LineLogger(LineLoggerFactory factory, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= factory.Minimum && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            string message = formatter(state, exception);
            factory.Write(logLevel, category, exception is null ? message : $"{message} [{exception}]");
        }
    }

    private LogLevel Minimum { get; } = minimum;
}

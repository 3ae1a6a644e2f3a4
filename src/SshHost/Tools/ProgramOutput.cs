using System.Text;

namespace Keyhole.SshHost;

/// <summary>What a program prints on one of its streams, read while it runs.</summary>
internal sealed class ProgramOutput
{
    /// <summary>For what was printed before the end. What a daemon prints that the program left behind is not waited for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly StringBuilder _text = new();
    private readonly Task _reading;

    public ProgramOutput(StreamReader stream) => _reading = ReadAsync(stream);

    /// <summary>To be asked when the program has ended.</summary>
    public async Task<string> TextAsync()
    {
        await Task.WhenAny(_reading, Task.Delay(Patience)).ConfigureAwait(false);
        lock (_text)
            return _text.ToString();
    }

    private async Task ReadAsync(StreamReader stream)
    {
        char[] buffer = new char[4096];
        try
        {
            for (int length; (length = await stream.ReadAsync(buffer).ConfigureAwait(false)) > 0;)
            {
                lock (_text)
                    _text.Append(buffer, 0, length);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Nobody reads any more.
        }
    }
}

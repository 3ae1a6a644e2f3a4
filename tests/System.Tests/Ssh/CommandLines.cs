using System.Text;

namespace Keyhole.System.Tests;

/// <summary>Reads the command lines and environments of all processes of the machine, over and over, as every user could read the former.</summary>
internal sealed class CommandLines : IDisposable
{
    private readonly HashSet<string> _seen = [];
    private readonly Thread _thread;
    private volatile bool _ends;

    public CommandLines()
    {
        _thread = new Thread(Watch);
        _thread.Start();
    }

    /// <summary>Everything that was seen so far.</summary>
    public byte[] Seen()
    {
        lock (_seen)
            return Encoding.Latin1.GetBytes(string.Join('\n', _seen));
    }

    public void Dispose()
    {
        _ends = true;
        _thread.Join();
    }

    private void Watch()
    {
        for (; !_ends; Thread.Sleep(2))
        {
            foreach (string process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(path[6])))
            {
                foreach (string file in new[] { "cmdline", "environ" })
                {
                    try
                    {
                        string text = Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(process, file)));
                        lock (_seen)
                            _seen.Add(text);
                    }
                    catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                    {
                        // It has ended.
                        continue;
                    }
                }
            }
        }
    }
}

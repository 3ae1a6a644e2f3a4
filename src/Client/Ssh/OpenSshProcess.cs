using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>
/// One of OpenSSH's programs, with this process's terminal and standard streams. Signals that would end this process end the program first, so that what was made for it
/// can be taken away.
/// </summary>
internal sealed class OpenSshProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly PosixSignalRegistration[] _registrations;
    private Process? _process;
    private int _raised;

    /// <summary>From here on signals are waited for.</summary>
    public OpenSshProcess() => _registrations =
    [
        .. new[] { (PosixSignal.SIGHUP, 1), (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGTERM, 15) }.Select(signal => PosixSignalRegistration.Create(signal.Item1, context =>
        {
            context.Cancel = true;
            Raise(signal.Item2);
        })),
    ];

    /// <summary>The full path of a program that PATH leads to.</summary>
    /// <exception cref="AgentException">It is not there; the message names what to install.</exception>
    public static string Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, OperatingSystem.IsWindows() ? program + ".exe" : program)).FirstOrDefault(File.Exists)
        ?? throw new AgentException($"The program {program} is missing: install OpenSSH's client (Debian and Ubuntu: package openssh-client, Fedora: openssh-clients).");

    /// <summary>The program's exit code; 128 and the signal's number when a signal ended it or came before it was started.</summary>
    /// <exception cref="AgentException">It cannot be started.</exception>
    public async Task<int> RunAsync(string program, IEnumerable<string> arguments)
    {
        try
        {
            lock (_gate)
            {
                if (_raised != 0)
                    return 128 + _raised;
                _process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false })!;
            }

            await _process.WaitForExitAsync().ConfigureAwait(false);
            return _process.ExitCode;
        }
        catch (Win32Exception e)
        {
            throw new AgentException($"{program} cannot be started: {e.Message}", e);
        }
    }

    /// <summary>What a signal does; the handler and tests call it. A second one, or a program that stays, ends it by force.</summary>
    internal void Raise(int signal)
    {
        lock (_gate)
        {
            bool isFirst = _raised == 0;
            _raised = signal;
            if (_process is not { HasExited: false } process)
                return;
            if (isFirst && !OperatingSystem.IsWindows() && kill(process.Id, signal) == 0)
                _ = InsistAsync(process);
            else
                process.Kill();
        }
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        lock (_gate)
            _process?.Dispose();
    }

    private async Task InsistAsync(Process process)
    {
        await Task.Delay(Patience).ConfigureAwait(false);
        try
        {
            lock (_gate)
                process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself.
        }
    }

    /// <summary>kill(2).</summary>
    [DllImport("libc", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32 | DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}

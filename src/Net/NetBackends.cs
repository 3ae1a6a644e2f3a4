namespace Keyhole.Net;

/// <summary>The choice of <see cref="NetBackend"/> for this process.</summary>
public static class NetBackends
{
    /// <summary>Environment variable that overrides the choice: <c>linux</c>, <c>plain</c> (no GRO or GSO) or <c>portable</c>.</summary>
    public const string Variable = "KEYHOLE_NET";

    /// <summary>What <see cref="Variable"/> says, else the best that this system has.</summary>
    /// <exception cref="NetworkException">The variable has another value, or names Linux on another system.</exception>
    public static NetBackend Default => Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" => OperatingSystem.IsLinux() ? NetBackend.Linux : NetBackend.Portable,
        "portable" => NetBackend.Portable,
        "linux" when OperatingSystem.IsLinux() => NetBackend.Linux,
        "plain" when OperatingSystem.IsLinux() => NetBackend.LinuxPlain,
        var other => throw new NetworkException($"{Variable}={other}: expected linux, plain or portable, on a system that has it"),
    };
}

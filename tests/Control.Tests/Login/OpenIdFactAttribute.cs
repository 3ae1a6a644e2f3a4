namespace Keyhole.Control.Tests;

/// <summary>A test that needs Node.js for a real OpenID provider.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OpenIdFactAttribute : FactAttribute
{
    public OpenIdFactAttribute()
    {
        if (!IsOnPath("node") || !IsOnPath("npm"))
            Skip = "Node.js is missing: apt-get install nodejs npm";
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}

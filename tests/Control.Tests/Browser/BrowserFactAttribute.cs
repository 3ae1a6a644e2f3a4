namespace Keyhole.Control.Tests;

/// <summary>A test that needs a real browser, which runs the script of our pages.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserFactAttribute : FactAttribute
{
    /// <summary>Debian's; no other is fetched.</summary>
    public const string Program = "/usr/bin/chromium";

    public BrowserFactAttribute()
    {
        if (!File.Exists(Program))
            Skip = "Chromium is missing: apt-get install chromium";
    }
}

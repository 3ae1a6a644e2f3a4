namespace Keyhole.Lab;

/// <summary>A <see cref="LabFactAttribute"/> of the long campaigns: skipped unless KEYHOLE_LONG=1.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongLabFactAttribute : LabFactAttribute
{
    public LongLabFactAttribute(params string[] programs) : base(programs)
    {
        if (Environment.GetEnvironmentVariable("KEYHOLE_LONG") != "1")
            Skip = "a long campaign: set KEYHOLE_LONG=1";
    }
}

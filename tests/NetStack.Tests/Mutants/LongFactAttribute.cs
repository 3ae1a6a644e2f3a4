namespace Keyhole.NetStack.Tests.Mutants;

/// <summary>A campaign of minutes or more: skipped unless KEYHOLE_LONG=1.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("KEYHOLE_LONG") != "1")
            Skip = "a long campaign: set KEYHOLE_LONG=1";
    }
}

namespace Keyhole.Lab;

/// <summary>A fact of the long campaigns, of minutes or more: skipped unless KEYHOLE_LONG=1.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute() : this(inLab: false)
    {
    }

    /// <param name="inLab">Skipped where a <see cref="LabFactAttribute"/> would be, too.</param>
    /// <param name="programs">That it needs there.</param>
    public LongFactAttribute(bool inLab, params string[] programs)
    {
        if (Environment.GetEnvironmentVariable("KEYHOLE_LONG") != "1")
            Skip = "a long campaign: set KEYHOLE_LONG=1";
        else if (inLab)
            Skip = new LabFactAttribute(programs).Skip;
    }
}

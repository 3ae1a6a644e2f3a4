namespace Keyhole.Agent;

/// <summary>Who gave a value; the greater one wins.</summary>
public enum SettingSource
{
    Default,
    Environment,
    Flag,
}

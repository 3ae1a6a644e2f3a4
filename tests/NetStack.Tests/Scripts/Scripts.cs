namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>What the scripts share. Each line of a script is one segment; see <see cref="Segment.Parse"/>.</summary>
public abstract class Scripts
{
    /// <summary>A receive window of 4,096 bytes that does not grow.</summary>
    internal static StackOptions SmallWindow => Script.Defaults with { InitialReceiveWindow = 4_096, MaximumReceiveWindow = 4_096 };

    /// <summary>What is offered with everything on; windows of the peer are then in units of 128 bytes.</summary>
    internal const string Modern = "mss 1000, sackOK, ts now 0, ws 7";

    internal static void Play(Variant variant, Action<Script> script) => Play(variant, Script.Defaults, script);

    internal static void Play(Variant variant, StackOptions options, Action<Script> script)
    {
        var play = new Script(variant, options);
        script(play);
        play.End();
    }
}

namespace Keyhole.Net;

/// <summary>Called on the thread of the loop. It may add, change and remove any registration, its own included.</summary>
public interface IReadinessHandler
{
    void OnReady(Readiness readiness);
}

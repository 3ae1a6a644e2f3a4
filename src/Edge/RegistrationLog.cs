using Keyhole.Tunnel;
using Microsoft.Extensions.Logging;

namespace Keyhole.Edge;

/// <summary>Tells the operator when a relay is reached and when it is not, once each.</summary>
public sealed class RegistrationLog(ILogger logger)
{
    private readonly Dictionary<int, bool> _wasLive = [];

    public void Compare(IReadOnlyList<RegistrationStatus> registrations)
    {
        foreach (var registration in registrations)
        {
            bool isLive = registration.State == RegistrationState.Live;
            bool known = _wasLive.TryGetValue(registration.Relay, out bool wasLive);
            if (known && wasLive == isLive)
                continue;
            _wasLive[registration.Relay] = isLive;
            if (isLive)
                EdgeLog.Registered(logger, registration.Name, registration.Endpoint.ToString()!);
            else if (known)
                EdgeLog.RelayLost(logger, registration.Name);
            else
                EdgeLog.Registering(logger, registration.Name);
        }
    }
}

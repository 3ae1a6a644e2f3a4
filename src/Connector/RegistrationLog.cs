using Keyhole.Tunnel;
using Microsoft.Extensions.Logging;

namespace Keyhole.Connector;

/// <summary>Tells the operator when a relay is reached and when it is not, once each.</summary>
internal sealed class RegistrationLog(ILogger logger)
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
                ConnectorLog.Registered(logger, registration.Name, registration.Endpoint.ToString()!);
            else if (known)
                ConnectorLog.RelayLost(logger, registration.Name);
            else
                ConnectorLog.Registering(logger, registration.Name);
        }
    }
}

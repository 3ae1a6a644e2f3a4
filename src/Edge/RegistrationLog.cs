using Keyhole.Tunnel;
using Microsoft.Extensions.Logging;

namespace Keyhole.Edge;

/// <summary>Tells the operator when a relay is reached and when it is not, once each.</summary>
public sealed class RegistrationLog(ILogger logger)
{
    private readonly Dictionary<int, bool> _wasLive = [];
    private readonly Dictionary<int, RelayTransport> _transports = [];

    public void Compare(IReadOnlyList<RegistrationStatus> registrations)
    {
        foreach (var registration in registrations)
        {
            bool isLive = registration.State == RegistrationState.Live;
            if (isLive)
                CompareTransport(registration);
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

    private void CompareTransport(RegistrationStatus registration)
    {
        if (_transports.GetValueOrDefault(registration.Relay) == registration.Transport)
            return;
        _transports[registration.Relay] = registration.Transport;
        if (registration.Transport == RelayTransport.Tls)
            EdgeLog.ByTls(logger, registration.Name, registration.TlsEndpoint ?? "", StatusJson.UnansweredText(registration));
        else
            EdgeLog.ByUdp(logger, registration.Name);
    }
}

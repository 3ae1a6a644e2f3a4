namespace Keyhole.Control.Tests;

[Collection(PostgresCollection.Name)]
public sealed class PostgresDeviceCodeTests(PostgresServer server) : DeviceCodeTests(server.CreateAsync().GetAwaiter().GetResult());

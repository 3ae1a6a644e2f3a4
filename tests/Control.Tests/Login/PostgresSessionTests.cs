namespace Keyhole.Control.Tests;

[Collection(PostgresCollection.Name)]
public sealed class PostgresSessionTests(PostgresServer server) : SessionTests(server.CreateAsync().GetAwaiter().GetResult());

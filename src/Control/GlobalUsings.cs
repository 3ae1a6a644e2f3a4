global using Keyhole.Contracts;

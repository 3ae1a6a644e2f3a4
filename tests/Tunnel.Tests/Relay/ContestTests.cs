using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>One configuration on two devices, and what only looks like it.</summary>
[Trait("Threat", "36")]
public sealed class ContestTests
{
    private static readonly IpEndpoint Cafe = End("198.51.100.77:7777");
    private static readonly IpEndpoint Train = End("198.51.100.88:8888");

    [Theory]
    [InlineData(100, 100, 30)]
    [InlineData(100, 0, 600)]
    [InlineData(0, 0, 600)]
    public void Two_devices_with_one_key_are_named_with_both_addresses_whether_busy_or_idle(int bytesOfFirst, int bytesOfSecond, int seconds)
    {
        using var world = new RelayWorld().Registered();
        using var twin = world.AddTwin(world.Phone, Cafe);
        for (int i = 0; i < seconds * 2 && world.Status(world.Phone).Contest is null; i++)
        {
            Speak(world.Phone, bytesOfFirst);
            world.Run(250 * Millisecond);
            Speak(twin, bytesOfSecond);
            world.Run(250 * Millisecond);
        }

        var contest = world.Status(world.Phone).Contest;
        Assert.NotNull(contest);
        Assert.Equal(new[] { Cafe, world.Phone.Endpoint }.ToHashSet(), new[] { contest.Value.First, contest.Value.Second }.ToHashSet());
        int raised = 0;
        while (world.State.TryDequeueEvent(out var happened))
            raised += happened.Kind == RelayEventKind.Contested ? 1 : 0;
        Assert.Equal(1, raised);
        Assert.Null(world.Status(world.Tablet).Contest);

        // One of the two goes: ten minutes later nothing is said any more.
        twin.IsDead = true;
        for (int i = 0; i < 700; i++)
        {
            Speak(world.Phone, 100);
            world.Run(Second);
        }

        Assert.Null(world.Status(world.Phone).Contest);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(40)]
    [InlineData(130)]
    public void A_device_that_moves_to_and_fro_is_one_device_however_often_it_does(int secondsAtEach)
    {
        using var world = new RelayWorld().Registered();
        IpEndpoint[] places = [world.Phone.Endpoint, Cafe, Train];
        var random = new Random(1);
        for (int move = 0; move < 60; move++)
        {
            world.Phone.Endpoint = places[random.Next(places.Length)];
            for (int i = 0; i < secondsAtEach * 2; i++)
            {
                Speak(world.Phone, move % 3 == 0 && i > 1 ? 0 : 100);
                world.Run(500 * Millisecond);
            }

            Assert.Null(world.Status(world.Phone).Contest);
        }
    }

    [Fact]
    public void A_device_whose_packets_take_turns_between_two_networks_is_one_device()
    {
        using var world = new RelayWorld().Registered();
        var home = world.Phone.Endpoint;
        for (int i = 0; i < 2000; i++)
        {
            world.Phone.Endpoint = i % 2 == 0 ? home : Cafe;
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53, 200));
            world.Run(50 * Millisecond);
            Assert.Null(world.Status(world.Phone).Contest);
        }
    }

    [Fact]
    public void A_device_that_starts_anew_elsewhere_again_and_again_is_one_device()
    {
        using var world = new RelayWorld().Registered();
        for (int i = 0; i < 40; i++)
        {
            world.Phone.Boot();
            world.Phone.Endpoint = i % 2 == 0 ? Cafe : Train;
            for (int j = 0; j < 10; j++)
            {
                Speak(world.Phone, 100);
                world.Run(Second);
            }

            Assert.Null(world.Status(world.Phone).Contest);
        }
    }

    private static void Speak(SimulatedAgent device, int length)
    {
        if (length > 0)
            device.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53, length));
    }
}

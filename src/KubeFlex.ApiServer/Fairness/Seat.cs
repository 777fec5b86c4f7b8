namespace KubeFlex.ApiServer.Fairness;

/// <summary>A right to be worked on, given back when disposed.</summary>
internal sealed class Seat : IDisposable
{
    private readonly PriorityLevel level;

    public Seat(PriorityLevel level, Tenant tenant, long since)
    {
        (this.level, Tenant, Since) = (level, tenant, since);
        Place = new LinkedListNode<Seat>(this);
    }

    public Tenant Tenant { get; }

    /// <summary>When it was taken.</summary>
    public long Since { get; }

    /// <summary>Among the seats that count.</summary>
    public LinkedListNode<Seat> Place { get; }

    public void Dispose() => level.Leave(this);
}

/// <summary>One control plane's requests in a level. Guarded by the level's lock, as all below.</summary>
internal sealed class Tenant
{
    private readonly Dictionary<string, Flow> flows = new(0, StringComparer.Ordinal);
    private readonly LinkedList<Flow> turns = new();

    public Tenant(string name) => (Name, Turn) = (name, new LinkedListNode<Tenant>(this));

    public string Name { get; }

    /// <summary>Among the tenants that wait.</summary>
    public LinkedListNode<Tenant> Turn { get; }

    public int Taken { get; set; }

    public int Waiting { get; set; }

    /// <summary>How many requests of a user wait.</summary>
    public int Count(string user) => flows.TryGetValue(user, out var flow) ? flow.Waiters.Count : 0;

    public Flow Flow(string user)
    {
        if (flows.TryGetValue(user, out var flow)) return flow;
        flows[user] = flow = new Flow(user);
        turns.AddLast(flow.Turn);
        return flow;
    }

    /// <summary>Who is next among those that wait.</summary>
    public Waiter First() => turns.First!.Value.Waiters.First!.Value;

    /// <summary>Its user goes to the end of the line, or out of it.</summary>
    public void Remove(Waiter waiter)
    {
        var flow = waiter.Flow;
        flow.Waiters.Remove(waiter.Place);
        turns.Remove(flow.Turn);
        if (flow.Waiters.Count > 0) turns.AddLast(flow.Turn);
        else flows.Remove(flow.User);
    }
}

/// <summary>One user's waiting requests, in the order they came.</summary>
internal sealed class Flow
{
    public Flow(string user) => (User, Turn) = (user, new LinkedListNode<Flow>(this));

    public string User { get; }

    /// <summary>Among the tenant's users that wait.</summary>
    public LinkedListNode<Flow> Turn { get; }

    public LinkedList<Waiter> Waiters { get; } = new();
}

/// <summary>A request that waits.</summary>
internal sealed class Waiter
{
    private readonly TaskCompletionSource<Seat> given = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Waiter(Tenant tenant, Flow flow) => (Tenant, Flow, Place) = (tenant, flow, new LinkedListNode<Waiter>(this));

    public Tenant Tenant { get; }

    public Flow Flow { get; }

    /// <summary>Among its user's.</summary>
    public LinkedListNode<Waiter> Place { get; }

    public Task<Seat> Given => given.Task;

    public void Give(Seat seat) => given.TrySetResult(seat);
}

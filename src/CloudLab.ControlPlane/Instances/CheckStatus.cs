namespace CloudLab.ControlPlane.Instances;

/// <summary>The outcome of a status check.</summary>
public enum CheckStatus
{
    /// <summary>There is nothing to check: the instance does not run, or its guest has no agent.</summary>
    NotAvailable,

    /// <summary>Not known yet.</summary>
    Initializing,

    Passed,
    Impaired,
}

"""What commands share: context, output, options."""

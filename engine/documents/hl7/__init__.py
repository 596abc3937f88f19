"""HL7 V3 messages of the interaction services: tables, opening, checks by node, canonical form, replies, invented messages."""

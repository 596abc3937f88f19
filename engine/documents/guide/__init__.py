"""Read what hospitals send of themselves for the guide: workbooks, CSV, JSON, Word files and pictures, with every problem at its place."""
